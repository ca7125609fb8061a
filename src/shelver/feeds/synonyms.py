"""What feeds call the fields of a product, best name first, as compared by `columns.normalise`.

Gathered from the exports of 19 affiliate networks, Google Merchant, Shopify, Magento and marketplaces.
"""

from __future__ import annotations

SYNONYMS: dict[str, tuple[str, ...]] = {
    "id": (
        "id", "productid", "idproduct", "merchantproductid", "sourceproductid", "offerid", "itemid", "uniqueid",
        "identifiantunique", "handle", "awproductid", "sku", "skunumber", "variantsku", "internalreference",
        "referenceinterne", "rfrenceinterne", "reference", "articlenumber", "itemnumber", "productcode", "asin",
        "dealid", "tdproductid", "universalreference", "ref",
    ),
    "title": (
        "title", "producttitle", "productname", "name", "itemtitle", "itemname", "productdisplayname", "displayname",
        "nameoftheproduct", "titre", "nom", "nomduproduit", "titel", "produktname", "bezeichnung", "nombre", "titulo",
        "producto", "nome", "titolo", "naam", "productnaam", "nazwa", "offername", "articlename", "seoname",
    ),
    "brand": (
        "brand", "brandname", "productbrand", "marque", "nomdelamarque", "nameofbrand", "marke", "marca", "merk",
        "marka", "manufacturer", "manufacturername", "hersteller", "fabricant", "vendor", "designer", "label",
    ),
    "raw_category": (
        "rawcategory", "merchantcategory", "merchantcategoryname", "merchantproductcategorypath", "categorymerchant",
        "categorypath", "categorytree", "categorybreadcrumb", "breadcrumb", "breadcrumbs", "catgoriefildariane",
        "fildariane", "categories", "producttype", "customproducttype", "type", "articletype", "aisle",
        "subcategory", "subcategories", "secondarycategory", "merchantsubcategory",
    ),
    "category": (
        "category", "googleproductcategoryname", "googleproductcategory", "googlecategory", "productcategory",
        "standardproducttype", "categoryname", "primarycategory", "maincategory", "rootcategory", "mastercategory",
        "tdcategoryname", "department", "categorie", "categoriefinale", "kategorie", "categoria", "kategoria",
        "googlecategoryid", "categoryid",
    ),
    "description": (
        "description", "productdescription", "longdescription", "bodyhtml", "body", "descriptif", "beschreibung",
        "produktbeschreibung", "descripcion", "descrizione", "omschrijving", "opis", "descriptionoftheproduct",
        "discriptionoftheproduct", "longproductdescription", "longproduct", "shortdescription", "descriptionshort",
        "summarydescription", "shortdescriptionofproduct",
    ),
    "gender": (
        "gender", "gendertarget", "targetgender", "sex", "genre", "geschlecht", "genero", "suitablefor",
        "fashionsuitablefor", "zielgruppe", "extrazielgruppe", "googleshoppinggender",
    ),
    "size": (
        "size", "sizes", "fashionsize", "taille", "tailles", "groesse", "grosse", "talla", "taglia", "maat",
        "rozmiar", "extrasize", "extragren",
    ),
    "colour": (
        "colour", "color", "colours", "colors", "basecolour", "basecolor", "colorprimary", "primarycolor", "maincolor",
        "couleur", "couleurs", "farbe", "extrafarbe", "colore", "kleur", "kolor",
    ),
    "price": (
        "price", "currentprice", "searchprice", "finalprice", "productprice", "variantprice", "pricevalue",
        "sellingprice", "saleprice", "regularprice", "retailprice", "originalprice", "initialprice", "listprice",
        "prix", "prixactuel", "prixttc", "montantttc", "ttcar", "preis", "precio", "prezzo", "prijs", "cena",
    ),
    "currency": (
        "currency", "currencyid", "currencycode", "pricecurrency", "devise", "waehrung", "wahrung", "moneda", "valuta",
    ),
    "url": (
        "url", "link", "producturl", "productlink", "productpageurl", "merchantdeeplink", "deeplink", "awdeeplink",
        "producthandleurl", "affiliateurl", "urlproduit", "urldelapageproduit", "urldelapage", "buyurl", "trackingurl",
        "directlinknotracking", "landingpage", "href",
    ),
    "image_url": (
        "imageurl", "imagelink", "imagesrc", "image", "mainimage", "mainimageurl", "productimage", "productimageurl",
        "merchantimageurl", "largeimage", "imagelarge", "urllargeimage", "urlimagegrande", "bigimage",
        "urlofthebigimage", "urlimage", "awimageurl", "picture", "pictureurl", "pictures", "imageurls", "baseimage",
        "urlimagemerchant", "image1", "images", "imagemedium", "urlmediumimage", "urlimagemoyenne", "imagesmall",
        "thumbnail",
    ),
    "gtin": (
        "gtin", "gtin13", "gtin14", "ean", "ean13", "eancode", "upc", "universalproductcode", "barcode",
        "variantbarcode", "eanorisbn", "isbn",
    ),
    "merchant": (
        "merchant", "merchantname", "shop", "shopname", "store", "storename", "advertiser", "advertisername",
        "retailer", "programname", "seller", "sellername",
    ),
}  # fmt: skip
"""Product field → names of columns; the order of the fields decides who gets a column that two could use."""
